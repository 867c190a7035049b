import { Body, Controller, Get, Param, Post, Put, Query, UseGuards, UseInterceptors } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { StaffGuard } from '../auth/staff.guard';
import { TimingInterceptor } from '../timing.interceptor';

@Controller('pets/:petId/stays')
@UseInterceptors(TimingInterceptor)
export class StaysController {
  // Free rooms, shown on the website
  @Get('free')
  free(@Query('from') from: string) {
    return { from, rooms: [] };
  }

  @Get()
  @UseGuards(AuthGuard('jwt'))
  list(@Param('petId') petId: string) {
    return { petId, stays: [] };
  }

  @Post()
  @UseGuards(AuthGuard('jwt'))
  book(@Param('petId') petId: string, @Body() body: { from: string; to: string }) {
    return { petId, ...body };
  }

  @Put(':stayId/check-in')
  @UseGuards(AuthGuard('jwt'), StaffGuard)
  checkIn(@Param('stayId') stayId: string) {
    return { stayId, checkedIn: true };
  }

  // @Delete(':stayId')
  // cancel() {}

  @Get(['prices', 'tariffs'])
  prices() {
    return { night: 25 };
  }
}
