//! Examples.

use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "plugins with prefixes, a decorator as guard",
        files: &[
            (
                "src/server.ts",
                "import Fastify from 'fastify';
                 import authPlugin from './plugins/auth';
                 import { userRoutes } from './routes/users';
                 const server = Fastify({ logger: true });
                 server.register(authPlugin);
                 server.get('/health', async () => ({ ok: true }));
                 server.register(userRoutes, { prefix: '/api/users' });
                 server.register(async (scope) => {
                   scope.addHook('onRequest', scope.authenticate);
                   scope.get('/', async () => []);
                   scope.register(import('./routes/admin'), { prefix: '/admin' });
                 }, { prefix: '/v2' });
                 server.listen({ port: 3000 });",
            ),
            (
                "src/plugins/auth.ts",
                "import fp from 'fastify-plugin';
                 import jwt from '@fastify/jwt';
                 export default fp(async (fastify, opts) => {
                   fastify.register(jwt, { secret: 's' });
                   fastify.decorate('authenticate', async (request, reply) => {
                     try { await request.jwtVerify(); } catch (err) { reply.send(err); }
                   });
                 });",
            ),
            (
                "src/routes/users.ts",
                "import { FastifyInstance } from 'fastify';
                 export async function userRoutes(app: FastifyInstance) {
                   app.get('/', listUsers);
                   app.get<{ Params: { id: string } }>('/:id', { preHandler: [app.authenticate] }, show);
                   app.withTypeProvider<ZodTypeProvider>().route({
                     method: ['PUT', 'PATCH'],
                     url: '/:id',
                     onRequest: app.authenticate,
                     schema: {},
                     handler: update,
                   });
                 }",
            ),
            (
                "src/routes/admin.ts",
                "export default async function (fastify) { fastify.delete('/cache', async () => 1); }",
            ),
        ],
        routes: &[
            "GET /health none",
            "GET /api/users none",
            "GET /api/users/{id} required",
            "PUT /api/users/{id} required",
            "PATCH /api/users/{id} required",
            "GET /v2 required",
            "DELETE /v2/admin/cache required",
        ],
    },
    Example {
        title: "a wrapped plugin guards the outer scope, another only its own",
        files: &[
            (
                "app.js",
                "const fastify = require('fastify')();
                 fastify.register(require('./open'), { prefix: 'open' });
                 fastify.register(async function closed(instance, opts) {
                   instance.register(require('./guard'));
                   instance.get('/closed', async () => 1);
                 });
                 fastify.register(function (instance, opts, done) {
                   instance.addHook('preHandler', (request, reply, next) => {
                     if (!request.session.user) { reply.code(401).send(); return; }
                     next();
                   });
                   instance.post('/own', async () => 1);
                   done();
                 });
                 fastify.get('/root', async () => 1);",
            ),
            (
                "guard.js",
                "const fp = require('fastify-plugin');
                 async function guard(fastify) {
                   fastify.addHook('onRequest', async (request, reply) => {
                     if (!request.headers['x-token']) throw fastify.httpErrors.unauthorized();
                   });
                 }
                 module.exports = fp(guard, { name: 'guard' });",
            ),
            (
                "open.js",
                "module.exports = async (fastify) => { fastify.all('/echo/*', async () => 1); };",
            ),
        ],
        routes: &[
            "ANY /open/echo/{rest} none",
            "GET /closed required",
            "POST /own required",
            "GET /root none",
        ],
    },
    Example {
        title: "plugins by folder",
        files: &[
            (
                "app.js",
                "import path from 'node:path';
                 import { fileURLToPath } from 'node:url';
                 import AutoLoad from '@fastify/autoload';
                 const __dirname = path.dirname(fileURLToPath(import.meta.url));
                 export default async function (fastify, opts) {
                   fastify.register(AutoLoad, { dir: path.join(__dirname, 'plugins'), options: { ...opts } });
                   fastify.register(AutoLoad, { dir: path.join(__dirname, 'routes'), options: { prefix: '/api' }, routeParams: true });
                 }",
            ),
            (
                "plugins/auth.js",
                "import fp from 'fastify-plugin';
                 export default fp(async (fastify) => {
                   fastify.decorate('mustBeMember', async (request, reply) => {
                     if (!request.user) return reply.code(401).send();
                   });
                 });",
            ),
            ("routes/root.js", "export default async (fastify) => { fastify.get('/', async () => 1); };"),
            (
                "routes/books/index.js",
                "export default async function (fastify, opts) {
                   fastify.get('/', async () => []);
                   fastify.post('/', { onRequest: fastify.mustBeMember }, async () => 1);
                 }",
            ),
            (
                "routes/books/_id/reviews.js",
                "export default async (fastify) => { fastify.get('/reviews', async () => []); };",
            ),
        ],
        routes: &[
            "GET /api none",
            "GET /api/books none",
            "POST /api/books required",
            "GET /api/books/{id}/reviews none",
        ],
    },
    Example {
        title: "what a route's configuration says",
        files: &[(
            "index.js",
            "import { fastify } from 'fastify';
             const build = () => {
               const app = fastify();
               app.addHook('onRequest', async (request, reply) => {
                 if (request.routeOptions.config?.public) return;
                 await request.jwtVerify();
               });
               app.get('/status', { config: { public: true } }, async () => 1);
               app.get('/secret', async () => 1);
               return app;
             };
             build().listen({ port: 1 });",
        )],
        routes: &["GET /status none", "GET /secret required"],
    },
    Example {
        title: "guards combined by @fastify/auth, options that are shared, classes",
        files: &[(
            "main.ts",
            "import Fastify, { FastifyInstance } from 'fastify';
             import auth from '@fastify/auth';
             import rateLimit from '@fastify/rate-limit';
             const app = Fastify();
             app.register(auth);
             app.register(rateLimit, { max: 100 });
             app.decorate('verifyKey', (request, reply, done) => {
               if (request.headers.key !== KEY) return done(new Error('Unauthorized'));
               done();
             });
             app.after(() => {
               const secured = { preHandler: app.auth([app.verifyKey]) };
               app.get('/keys', { ...secured, schema: {} }, async () => []);
               app.delete('/keys/:id', secured, async () => 1);
             });
             class Controller {
               constructor(private readonly app: FastifyInstance) {}
               register() { this.app.get('/class', { preHandler: validate(schema) }, this.show); }
               show = async () => 1;
             }
             new Controller(app).register();",
        )],
        routes: &["GET /keys required", "DELETE /keys/{id} required", "GET /class none"],
    },
    Example {
        title: "lists of routes, a hook for some methods, guards made for roles",
        files: &[
            (
                "src/main.ts",
                "import Fastify from 'fastify';
                 import { routes } from './routes';
                 import { registerAuth } from './auth';
                 export async function createApp() {
                   const app = Fastify();
                   await registerAuth(app);
                   routes.forEach((route) => app.route(route));
                   app.register(async (scope) => {
                     scope.addHook('preHandler', async (req, reply) => {
                       if (req.method === 'GET') return;
                       if (!req.headers['x-api-key']) throw new UnauthorizedError('missing');
                     });
                     scope.get('/', async () => []);
                     scope.post('/', async () => []);
                   }, { prefix: '/products' });
                   app.get('/admin', { onRequest: app.authorize(['admin']) }, async () => 1);
                   return app;
                 }",
            ),
            (
                "src/auth.ts",
                "export const registerAuth = async (app) => {
                   app.decorate('authorize', (roles: string[]) => async (req, reply) => {
                     if (!roles.includes(req.user.role)) reply.code(403).send();
                   });
                 };",
            ),
            (
                "src/routes.ts",
                "export const routes = [
                   { method: 'GET', url: '/items', handler: async () => [] },
                   { method: ['POST'], url: '/items', preHandler: [checkKey], handler: async () => [] },
                 ];
                 async function checkKey(request, reply) {
                   if (!(await keys.has(request.headers.key))) { reply.status(401); throw new Error('bad key'); }
                 }",
            ),
        ],
        routes: &[
            "GET /items none",
            "POST /items required",
            "GET /products none",
            "POST /products required",
            "GET /admin required",
        ],
    },
    Example {
        title: "hooks of folders",
        files: &[
            (
                "app.js",
                "import AutoLoad from '@fastify/autoload'
                 import { join } from 'desm'
                 import { fileURLToPath } from 'node:url'
                 export default async function (fastify, opts) {
                   fastify.register(AutoLoad, { dir: fileURLToPath(new URL('./plugins', import.meta.url)) })
                   fastify.register(AutoLoad, {
                     dir: join(import.meta.url, 'routes'), autoHooks: true, options: Object.assign({ prefix: '/api' }, opts),
                   })
                 }",
            ),
            (
                "plugins/gate.js",
                "import fp from 'fastify-plugin'
                 export default fp(async function (fastify) {
                   fastify.decorate('gate', (request, reply, done) => {
                     if (!request.cookies.s) { done(fastify.httpErrors.unauthorized()) } else { done() }
                   })
                 })",
            ),
            (
                "routes/users/autohooks.js",
                "export default async function (fastify) { fastify.addHook('onRequest', fastify.gate) }",
            ),
            (
                "routes/users/index.js",
                "export default async function (fastify) { fastify.get('/:id', async () => 1) }",
            ),
            (
                "routes/root.js",
                "export default async function (fastify) { fastify.get('/status', async () => 1) }
                 export const autoPrefix = '/sys'",
            ),
        ],
        routes: &["GET /api/users/{id} required", "GET /api/sys/status none"],
    },
    Example {
        title: "what is no route",
        files: &[(
            "index.js",
            "const fastify = require('fastify')();
             const client = require('undici');
             client.get('/x', () => {});
             fastify.decorate('get2', () => {});
             fastify.inject({ method: 'GET', url: '/x' });
             const store = new Map();
             store.get('/a', 1);",
        )],
        routes: &[],
    },
];
