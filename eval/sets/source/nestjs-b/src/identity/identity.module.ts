import { Global, Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TokensController } from './tokens.controller';
import { ProfileController } from './profile.controller';

@Global()
@Module({
  imports: [JwtModule.registerAsync({ useFactory: () => ({ secret: process.env.JWT_SECRET }) })],
  controllers: [TokensController, ProfileController],
  exports: [JwtModule],
})
export class IdentityModule {}
