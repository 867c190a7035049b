import { Injectable } from '@nestjs/common';
import { HttpService } from '@nestjs/axios';
import { firstValueFrom } from 'rxjs';

@Injectable()
export class CarrierClient {
  constructor(private readonly http: HttpService) {}

  async quote(weight: number) {
    const res = await firstValueFrom(this.http.post('https://carrier.example.com/quotes', { weight }));
    return res.data;
  }

  async status(ref: string) {
    return (await firstValueFrom(this.http.get(`/status/${ref}`))).data;
  }
}
