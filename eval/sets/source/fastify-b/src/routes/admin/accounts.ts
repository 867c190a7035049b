import { FastifyInstance } from 'fastify';

export default async function accounts(app: FastifyInstance) {
  app.get('/', async () => []);
  app.get('/:accountId', async (req) => req.params);
  app.patch('/:accountId/roles', async (req) => req.body);
  app.get('/:accountId/files/*', async (req) => req.params);
}
