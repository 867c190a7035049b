import { Module } from '@nestjs/common';
import { ShipmentsController } from './shipments.controller';
import { ParcelsController } from './parcels.controller';
import { ShipmentsService } from './shipments.service';

@Module({ controllers: [ShipmentsController, ParcelsController], providers: [ShipmentsService] })
export class ShipmentsModule {}
