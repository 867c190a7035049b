import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createApp } from '../src/app';

const app = createApp();

describe('api', () => {
  it('lists slots without a token', async () => {
    const res = await request(app).get('/api/v2/slots');
    expect(res.status).toBe(200);
  });

  it('hides patients', async () => {
    await request(app).get('/api/v2/patients').expect(401);
    await request(app).post('/api/v2/patients/1/unknown').expect(401);
  });
});
