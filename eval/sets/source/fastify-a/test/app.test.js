import { test } from 'node:test';
import assert from 'node:assert';
import { build } from '../app.js';

test('rides are private', async () => {
  const app = build();
  const res = await app.inject({ method: 'GET', url: '/rides' });
  assert.equal(res.statusCode, 401);
  const missing = await app.inject({ method: 'POST', url: '/nothing/here' });
  assert.equal(missing.statusCode, 404);
});
