import { All, Controller, Get, Req } from '@nestjs/common';
import { Request } from 'express';

@Controller()
export class AppController {
  @Get()
  index() {
    return { name: 'pet-hotel' };
  }

  @Get('health')
  health() {
    return { ok: true };
  }

  @All('debug/echo')
  echo(@Req() req: Request) {
    return { method: req.method };
  }
}
