import { Body, Controller, Get, Post, Put, Param } from '@nestjs/common';
import { Public } from '../common/public.decorator';
import { Roles } from '../common/roles.decorator';
import { CarrierClient } from './carrier.client';

@Controller({ path: 'carriers', version: '2' })
export class CarriersController {
  constructor(private readonly client: CarrierClient) {}

  @Get()
  @Public()
  all() {
    return [];
  }

  @Post('quote')
  quote(@Body('weight') weight: number) {
    return this.client.quote(weight);
  }

  @Put(':code')
  @Roles('dispatcher')
  save(@Param('code') code: string, @Body() body: unknown) {
    return { code, body };
  }
}
