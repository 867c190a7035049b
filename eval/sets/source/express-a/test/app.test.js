const { test } = require('node:test');
const assert = require('node:assert');
const request = require('supertest');
const app = require('../app');

test('visitors can browse', async () => {
  const res = await request(app).get('/tools');
  assert.equal(res.status, 200);
});

test('loans need a member', async () => {
  await request(app).post('/tools/1/loans').expect(401);
  await request(app).get('/me/loans').expect(401);
  await request(app).put('/tools/1/never').expect(404);
});
