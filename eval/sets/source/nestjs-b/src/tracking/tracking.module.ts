import { Body, Controller, Get, Module, Param, Post, UseGuards } from '@nestjs/common';
import { Public } from '../common/public.decorator';
import { SignatureGuard } from './signature.guard';

// Recipients have no account: the whole controller is open.
@Public()
@Controller({ path: 'track', version: '1' })
export class TrackingController {
  @Get(':code')
  status(@Param('code') code: string) {
    return { code, state: 'in transit' };
  }

  @Get(':code/events')
  events(@Param('code') code: string) {
    return { code, events: [] };
  }
}

@Public()
@UseGuards(SignatureGuard)
@Controller({ path: 'carrier-events', version: '1' })
export class CarrierEventsController {
  @Post(':carrier')
  receive(@Param('carrier') carrier: string, @Body() body: unknown) {
    return { carrier, accepted: !!body };
  }
}

@Module({ controllers: [TrackingController, CarrierEventsController] })
export class TrackingModule {}
