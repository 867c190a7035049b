import { Test } from '@nestjs/testing';
import * as request from 'supertest';
import { AppModule } from '../src/app.module';

describe('pets', () => {
  it('needs a token', async () => {
    const mod = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = mod.createNestApplication();
    await app.init();
    await request(app.getHttpServer()).get('/pets').expect(401);
    await request(app.getHttpServer()).get('/pets/1/toys').expect(404);
  });
});
