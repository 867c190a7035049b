import { Controller, Get, Module } from '@nestjs/common';
import { Public } from '../common/public.decorator';

@Controller('healthz')
export class HealthController {
  @Get()
  @Public()
  check() {
    return 'ok';
  }
}

@Module({ controllers: [HealthController] })
export class HealthModule {}
