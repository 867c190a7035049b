import { Body, Controller, Delete, Get, Param, ParseUUIDPipe, Patch, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../common/roles.decorator';
import { ShipmentsService } from './shipments.service';

@ApiTags('shipments')
@Controller({ path: 'shipments', version: '1' })
export class ShipmentsController {
  constructor(private readonly service: ShipmentsService) {}

  @Get()
  @ApiOperation({ summary: 'All shipments of the tenant', description: 'See also GET /api/v1/shipments/archive' })
  list() {
    return this.service.all();
  }

  @Roles('shipper', 'dispatcher')
  @Post()
  create(@Body() dto: unknown) {
    return dto;
  }

  @Get(':shipmentId')
  one(@Param('shipmentId', ParseUUIDPipe) id: string) {
    return this.service.get(id);
  }

  @Patch(':shipmentId')
  @Roles('dispatcher')
  change(@Param('shipmentId', ParseUUIDPipe) id: string, @Body() dto: unknown) {
    return { id, dto };
  }

  @Delete(':shipmentId')
  @Roles('dispatcher')
  cancel(@Param('shipmentId', ParseUUIDPipe) id: string) {
    return this.service.delete(id);
  }
}
