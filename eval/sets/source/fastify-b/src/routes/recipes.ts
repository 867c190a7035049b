import { FastifyInstance } from 'fastify';
import { lookup } from '../services/nutrition';
import { signedIn } from '../plugins/session';

interface BySlug {
  Params: { slug: string };
}

export default async function recipeRoutes(app: FastifyInstance) {
  app.get('/', async () => []);

  app.get<BySlug>('/:slug', async (req) => ({ slug: req.params.slug }));

  app.get<BySlug>('/:slug/nutrition', async (req) => lookup(req.params.slug));

  app.post<BySlug & { Body: { stars: number } }>(
    '/:slug/ratings',
    { preHandler: [signedIn] },
    async (req, reply) => {
      reply.code(201);
      return { stars: req.body.stars };
    },
  );

  app.route<BySlug>({
    method: 'DELETE',
    url: '/:slug/ratings/mine',
    preHandler: signedIn,
    async handler(_req, reply) {
      return reply.code(204).send();
    },
  });
}
