import { FastifyPluginAsync } from 'fastify';
import { hasRole, signedIn } from '../plugins/session';

const editorRoutes: FastifyPluginAsync = async (app) => {
  app.addHook('preHandler', signedIn);
  app.addHook('preHandler', hasRole('editor'));

  app.get('/drafts', async () => []);
  app.post('/drafts', async (req, reply) => reply.code(201).send(req.body));
  app.put('/drafts/:draftId', async (req) => req.body);
  app.post('/drafts/:draftId/publish', async () => ({ published: true }));
  app.delete('/drafts/:draftId', async (_req, reply) => reply.code(204).send());
};

export default editorRoutes;
