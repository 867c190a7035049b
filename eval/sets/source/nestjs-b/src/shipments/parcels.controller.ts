import { Controller, Get, Param, Post } from '@nestjs/common';

const BASE = 'shipments/:shipmentId/parcels';

@Controller({ path: BASE, version: '1' })
export class ParcelsController {
  @Get()
  list(@Param('shipmentId') id: string) {
    return { id, parcels: [] };
  }

  @Post(':parcelId/label')
  label(@Param('parcelId') parcelId: string) {
    return { parcelId, label: 'pdf' };
  }
}
