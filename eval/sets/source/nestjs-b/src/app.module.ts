import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { BearerGuard } from './common/bearer.guard';
import { RolesGuard } from './common/roles.guard';
import { HealthModule } from './health/health.module';
import { IdentityModule } from './identity/identity.module';
import { ShipmentsModule } from './shipments/shipments.module';
import { CarriersModule } from './carriers/carriers.module';
import { TrackingModule } from './tracking/tracking.module';
import { InvoicesModule } from './invoices/invoices.module';

@Module({
  imports: [
    ThrottlerModule.forRoot([{ ttl: 60000, limit: 120 }]),
    HealthModule,
    IdentityModule,
    ShipmentsModule,
    CarriersModule,
    TrackingModule,
    InvoicesModule,
  ],
  providers: [
    { provide: APP_GUARD, useClass: ThrottlerGuard },
    { provide: APP_GUARD, useClass: BearerGuard },
    { provide: APP_GUARD, useClass: RolesGuard },
  ],
})
export class AppModule {}
