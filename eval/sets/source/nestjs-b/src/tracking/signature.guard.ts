import { CanActivate, ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { createHmac, timingSafeEqual } from 'crypto';

@Injectable()
export class SignatureGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const req = context.switchToHttp().getRequest();
    const want = createHmac('sha256', process.env.CARRIER_KEY ?? '').update(JSON.stringify(req.body)).digest();
    const got = Buffer.from(String(req.headers['x-carrier-signature'] ?? ''), 'hex');
    if (got.length !== want.length || !timingSafeEqual(got, want)) {
      throw new UnauthorizedException('bad signature');
    }
    return true;
  }
}
