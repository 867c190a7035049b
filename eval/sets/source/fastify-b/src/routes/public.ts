import { FastifyPluginAsync } from 'fastify';
import { Type } from '@sinclair/typebox';
import { signedIn } from '../plugins/session';

const SignIn = Type.Object({ email: Type.String(), phrase: Type.String() });

const pages = [
  { path: '/about', title: 'About' },
  { path: '/imprint', title: 'Imprint' },
  { path: '/terms', title: 'Terms' },
];

const publicRoutes: FastifyPluginAsync = async (app) => {
  for (const page of pages) {
    app.get(page.path, async () => ({ title: page.title }));
  }

  app.post('/sign-in', { schema: { body: SignIn } }, async (req, reply) => {
    req.session.account = { id: 'a1', roles: [] };
    return reply.code(204).send();
  });

  app.post('/sign-out', { preHandler: signedIn }, async (req, reply) => {
    await req.session.destroy();
    return reply.code(204).send();
  });
};

export default publicRoutes;
