import { Controller, Get, Header, Param, Post } from '@nestjs/common';
import { Roles } from '../common/roles.decorator';

@Roles('accountant')
@Controller({ path: 'invoices', version: '1' })
export class InvoicesController {
  @Get()
  list() {
    return [];
  }

  @Get(':number')
  show(@Param('number') number: string) {
    return { number };
  }

  @Get(':number/pdf')
  @Header('Content-Type', 'application/pdf')
  pdf(@Param('number') number: string) {
    return Buffer.from(number);
  }

  @Post(':number/send')
  send(@Param('number') number: string) {
    return { number, sent: true };
  }
}
