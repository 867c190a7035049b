import Fastify, { FastifyInstance, FastifyServerOptions } from 'fastify';
import helmet from '@fastify/helmet';
import sessionPlugin from './plugins/session';
import timing from './plugins/timing';
import publicRoutes from './routes/public';
import recipeRoutes from './routes/recipes';
import editorRoutes from './routes/editor';
import adminRoutes from './routes/admin';

const API = '/api';

export async function buildApp(opts: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = Fastify(opts);

  await app.register(helmet);
  await app.register(timing);
  await app.register(sessionPlugin);

  app.get('/livez', async () => 'ok');

  await app.register(publicRoutes);
  await app.register(
    async (api) => {
      api.register(recipeRoutes, { prefix: '/recipes' });
      api.register(editorRoutes, { prefix: '/editor' });
      api.register(adminRoutes, { prefix: '/admin' });
    },
    { prefix: `${API}/v1` },
  );

  return app;
}
