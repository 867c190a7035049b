import { Injectable } from '@nestjs/common';

@Injectable()
export class ShipmentsService {
  private readonly rows = new Map<string, unknown>();

  get(id: string) {
    return this.rows.get(id);
  }
  delete(id: string) {
    return this.rows.delete(id);
  }
  all() {
    return [...this.rows.values()];
  }
}
