import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { StaffGuard } from '../auth/staff.guard';
import { PetsService } from './pets.service';

@Controller('pets')
@UseGuards(AuthGuard('jwt'))
export class PetsController {
  constructor(private readonly pets: PetsService) {}

  @Get()
  findAll() {
    return this.pets.findAll();
  }

  @Get(':id')
  findOne(@Param('id', ParseIntPipe) id: number) {
    return this.pets.get(id);
  }

  @Post()
  create(@Body() dto: { name: string; kind: string }) {
    return this.pets.create(dto);
  }

  @Patch(':id')
  update(@Param('id', ParseIntPipe) id: number, @Body() dto: { name?: string }) {
    return Object.assign(this.pets.get(id), dto);
  }

  @Delete(':id')
  @HttpCode(204)
  @UseGuards(StaffGuard)
  remove(@Param('id', ParseIntPipe) id: number) {
    this.pets.delete(id);
  }
}
