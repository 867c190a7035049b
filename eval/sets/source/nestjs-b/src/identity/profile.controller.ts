import { Body, Controller, Get, Put, Req } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';

@ApiBearerAuth()
@Controller({ path: 'profile', version: '1' })
export class ProfileController {
  @Get()
  show(@Req() req: { user: unknown }) {
    return req.user;
  }

  @Put()
  update(@Body() body: unknown) {
    return body;
  }
}
