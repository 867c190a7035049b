import t from 'tap';
import { buildApp } from '../src/app';

t.test('recipes are open', async (t) => {
  const app = await buildApp();
  const res = await app.inject().get('/api/v1/recipes');
  t.equal(res.statusCode, 200);
  const res2 = await app.inject({ method: 'PUT', url: '/api/v1/editor/nothing' });
  t.equal(res2.statusCode, 404);
});
