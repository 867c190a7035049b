import { Body, Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { JwtService } from '@nestjs/jwt';
import { Public } from '../common/public.decorator';

@ApiTags('identity')
@Controller({ path: 'tokens', version: '1' })
export class TokensController {
  constructor(private readonly jwt: JwtService) {}

  @Public()
  @Post()
  async issue(@Body() body: { user: string }) {
    return { token: await this.jwt.signAsync({ sub: body.user }) };
  }

  @Public()
  @Post('refresh')
  @HttpCode(200)
  refresh(@Body('refresh') refresh: string) {
    return { refresh };
  }

  @Delete('current')
  @HttpCode(204)
  revoke() {}
}
