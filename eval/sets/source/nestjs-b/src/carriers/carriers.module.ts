import { Module } from '@nestjs/common';
import { HttpModule } from '@nestjs/axios';
import { CarriersController } from './carriers.controller';
import { CarrierClient } from './carrier.client';

@Module({ imports: [HttpModule], controllers: [CarriersController], providers: [CarrierClient] })
export class CarriersModule {}
