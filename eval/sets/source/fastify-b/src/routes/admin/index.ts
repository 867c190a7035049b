import { FastifyInstance } from 'fastify';
import { hasRole, signedIn } from '../../plugins/session';
import accounts from './accounts';

export default async function admin(app: FastifyInstance) {
  app.addHook('onRequest', async (req, reply) => {
    await signedIn(req, reply);
  });
  app.addHook('preHandler', hasRole('admin'));

  app.get('/overview', async () => ({ recipes: 0 }));
  app.register(accounts, { prefix: '/accounts' });
}
