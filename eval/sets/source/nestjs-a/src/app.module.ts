import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { AppController } from './app.controller';
import { AuthController } from './auth/auth.controller';
import { JwtStrategy } from './auth/jwt.strategy';
import { PetsController } from './pets/pets.controller';
import { PetsService } from './pets/pets.service';
import { StaysController } from './stays/stays.controller';

@Module({
  imports: [
    PassportModule,
    JwtModule.register({ secret: process.env.JWT_SECRET, signOptions: { expiresIn: '1h' } }),
  ],
  controllers: [AppController, AuthController, PetsController, StaysController],
  providers: [PetsService, JwtStrategy],
})
export class AppModule {}
