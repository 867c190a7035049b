import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AuthGuard } from '@nestjs/passport';

@Controller('auth')
export class AuthController {
  constructor(private readonly jwt: JwtService) {}

  @Post('register')
  register(@Body() body: { email: string }) {
    return { email: body.email };
  }

  @Post('login')
  @HttpCode(200)
  login(@Body() body: { email: string }) {
    return { token: this.jwt.sign({ sub: 1, email: body.email, staff: false }) };
  }

  @UseGuards(AuthGuard('jwt'))
  @Get('me')
  me(@Req() req: { user: unknown }) {
    return req.user;
  }
}
