//! Examples.

use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "routers mounted from other files, twice nested, with a named guard",
        files: &[
            (
                "server.js",
                "const express = require('express');
                 const helmet = require('helmet');
                 const routes = require('./routes');
                 const app = express();
                 app.use(helmet());
                 app.use(express.json());
                 app.get('/health', (req, res) => res.send('ok'));
                 app.use('/api/v1', routes);
                 app.use((req, res) => res.status(404).json({ error: 'not found' }));
                 app.use((err, req, res, next) => { if (err.name === 'UnauthorizedError') res.status(401).end(); });
                 app.listen(process.env.PORT || 3000);",
            ),
            (
                "routes/index.js",
                "const { Router } = require('express');
                 const users = require('./users');
                 const { ordersRouter } = require('./orders');
                 const router = Router();
                 router.use('/users', users);
                 router.use('/orders', require('../middleware/gate'), ordersRouter);
                 module.exports = router;",
            ),
            (
                "routes/users.js",
                "const express = require('express');
                 const ctrl = require('../controllers/users');
                 const { requireAuth, optionalAuth } = require('../middleware/auth');
                 const router = express.Router();
                 router.post('/login', ctrl.login);
                 router.get('/', optionalAuth, ctrl.list);
                 router.use(requireAuth);
                 router.route('/:id').get(ctrl.show).delete(ctrl.remove);
                 module.exports = router;",
            ),
            (
                "routes/orders.js",
                "const router = require('express').Router({ mergeParams: true });
                 router.get('/', (req, res) => res.json([]));
                 router.patch('/:orderId([0-9]+)', (req, res) => res.json({}));
                 exports.ordersRouter = router;",
            ),
            (
                "middleware/gate.js",
                "module.exports = function gate(req, res, next) {
                   if (!req.headers['x-key']) return res.sendStatus(403);
                   next();
                 };",
            ),
            (
                "middleware/auth.js",
                "exports.requireAuth = async (req, res, next) => {
                   if (!req.user) return next(new HttpError(401));
                   next();
                 };
                 exports.optionalAuth = (req, res, next) => { req.user = decode(req); next(); };",
            ),
        ],
        routes: &[
            "GET /health none",
            "POST /api/v1/users/login none",
            "GET /api/v1/users none",
            "GET /api/v1/users/{id} required",
            "DELETE /api/v1/users/{id} required",
            "GET /api/v1/orders required",
            "PATCH /api/v1/orders/{orderId} required",
        ],
    },
    Example {
        title: "classes that hold routers, and an application that takes them",
        files: &[
            (
                "src/app.ts",
                "import express, { Application } from 'express';
                 import { Routes } from './interfaces/routes.interface';
                 export class App {
                   public app: Application;
                   constructor(routes: Routes[]) {
                     this.app = express();
                     this.initializeMiddlewares();
                     this.initializeRoutes(routes);
                   }
                   private initializeMiddlewares() { this.app.use(express.json()); }
                   private initializeRoutes(routes: Routes[]) {
                     routes.forEach(route => { this.app.use('/api', route.router); });
                   }
                   public listen() { this.app.listen(3000); }
                 }",
            ),
            (
                "src/server.ts",
                "import { App } from '@/app';
                 import { UserRoute } from '@routes/users.route';
                 const app = new App([new UserRoute()]);
                 app.listen();",
            ),
            (
                "src/routes/users.route.ts",
                "import { Router } from 'express';
                 import { AuthMiddleware } from '../middlewares/auth.middleware';
                 export class UserRoute {
                   public path = '/users';
                   public router = Router();
                   constructor() { this.initializeRoutes(); }
                   private initializeRoutes() {
                     this.router.get(`${this.path}`, this.list);
                     this.router.put(`${this.path}/:id(\\\\d+)`, AuthMiddleware, this.update);
                   }
                   private list = (req, res) => res.json([]);
                   private update = (req, res) => res.json({});
                 }",
            ),
            (
                "src/middlewares/auth.middleware.ts",
                "import { verify } from 'jsonwebtoken';
                 import { HttpException } from '@exceptions/HttpException';
                 export const AuthMiddleware = async (req: Request, res: Response, next: NextFunction) => {
                   try {
                     const token = req.headers.authorization;
                     if (!token) { next(new HttpException(404, 'Authentication token missing')); }
                     req.user = verify(token, SECRET);
                     next();
                   } catch (error) { next(new HttpException(401, 'Wrong authentication token')); }
                 };",
            ),
        ],
        routes: &["GET /api/users none", "PUT /api/users/{id} required"],
    },
    Example {
        title: "functions that are given the application, constants and loops",
        files: &[
            (
                "index.js",
                "import express from 'express';
                 import register from './register.js';
                 import { API } from './config/constants.js';
                 const app = express();
                 register(app, `${API}/internal`);
                 const table = [
                   { method: 'get', path: '/items', guards: [] },
                   { method: 'post', path: '/items', guards: [isAdmin] },
                 ];
                 function isAdmin(req, res, next) {
                   return req.user && req.user.admin ? next() : res.status(403).end();
                 }
                 for (const { method, path, guards } of table) {
                   app[method](API + path, ...guards, (req, res) => res.end());
                 }
                 app.get('env');",
            ),
            ("config/constants.js", "export const API = '/' + 'api';"),
            (
                "register.js",
                "export default (app, prefix) => {
                   app.get(prefix + '/ping', (req, res) => res.end());
                   app.get([`${prefix}/a`, `${prefix}/b`], (req, res) => res.end());
                 };",
            ),
        ],
        routes: &[
            "GET /api/internal/ping none",
            "GET /api/internal/a none",
            "GET /api/internal/b none",
            "GET /api/items none",
            "POST /api/items required",
        ],
    },
    Example {
        title: "tokens for everything but what is left out",
        files: &[(
            "app.js",
            "const express = require('express');
             const { expressjwt: jwt } = require('express-jwt');
             const passport = require('passport');
             const app = express();
             app.use(jwt({ secret: 's', algorithms: ['HS256'] }).unless({ path: ['/login', /^\\/public\\/.*/, { url: '/items', methods: ['GET'] }] }));
             app.post('/login', passport.authenticate('local'), (req, res) => res.end());
             app.get('/public/news', (req, res) => res.end());
             app.get('/items', (req, res) => res.end());
             app.post('/items', (req, res) => res.end());
             module.exports = app;",
        )],
        routes: &[
            "POST /login none",
            "GET /public/news none",
            "GET /items none",
            "POST /items required",
        ],
    },
    Example {
        title: "guards made by factories, in arrays, wrapped, and by Passport",
        files: &[
            (
                "src/index.ts",
                "import express from 'express';
                 import { can, session } from './security';
                 import passport from 'passport';
                 import asyncHandler from 'express-async-handler';
                 import rateLimit from 'express-rate-limit';
                 export function createServer() {
                   const app = express();
                   const limiter = rateLimit({ message: 'forbidden' });
                   app.use(limiter);
                   app.use(passport.initialize());
                   app.get('/reports/:id?', [limiter, can('read')], asyncHandler(async (req, res) => { res.json({}); }));
                   app.post('/reports', asyncHandler(session), (req, res) => res.end());
                   app.put('/reports', passport.authenticate('jwt', { session: false }), (req, res) => res.end());
                   app.get('/auth/google', passport.authenticate('google', { scope: ['email'] }));
                   app.all('/admin/*', session);
                   app.get('/admin/users', (req, res) => res.end());
                   app.get('/me', (req, res) => {
                     if (!req.user) return res.status(401).end();
                     res.json(req.user);
                   });
                   return app;
                 }",
            ),
            (
                "src/security.ts",
                "export const can = (right: string) => async (req, res, next) => {
                   if (!req.rights.includes(right)) throw new ForbiddenError();
                   next();
                 };
                 export async function session(req, res, next) {
                   if (!(await load(req))) return res.redirect('/login');
                   next();
                 }",
            ),
        ],
        routes: &[
            "GET /reports required",
            "GET /reports/{id} required",
            "POST /reports required",
            "PUT /reports required",
            "GET /auth/google none",
            "GET /admin/users required",
            "GET /me required",
        ],
    },
    Example {
        title: "a list of open paths within the guard",
        files: &[(
            "main.js",
            "const express = require('express');
             const OPEN = ['/api/login', '/api/register'];
             const app = express();
             app.use('/api', (req, res, next) => {
               if (OPEN.includes(req.originalUrl) || req.path.startsWith('/docs')) return next();
               if (!req.get('authorization')) return res.status(401).json({});
               next();
             });
             const api = express.Router();
             api.post('/login', login);
             api.get('/docs/index', docs);
             api.get('/orders', orders);
             app.use('/api', api);",
        )],
        routes: &["POST /api/login none", "GET /api/docs/index none", "GET /api/orders required"],
    },
    Example {
        title: "a base class that attaches what its children list, behind a gate that throws",
        files: &[
            (
                "src/server.ts",
                "import express, { Express } from 'express';
                 import { TaskController } from './task.controller';
                 import { createGate } from './gate';
                 export class Server {
                   private readonly app: Express = express();
                   constructor(private readonly parts: { controllers: any[], tokens: any }) {
                     this.app.get('/healthz', (_req, res) => res.send('ok'));
                     this.app.use(createGate(parts.tokens));
                     parts.controllers.forEach((part) => part.attach(this.app));
                   }
                 }
                 new Server({ controllers: [new TaskController()], tokens: new TokenService() });
                 import { TokenService } from './tokens';",
            ),
            (
                "src/gate.ts",
                "export const createGate = (tokens) => async (req, res, next) => {
                   res.locals.who = await tokens.whoIs(req.cookies.sid);
                   next();
                 };",
            ),
            (
                "src/tokens.ts",
                "import { HttpError } from './errors';
                 export class TokenService {
                   async whoIs(id?: string) {
                     const found = await db.find(id);
                     if (!found) throw HttpError.expired('log in again');
                     return found;
                   }
                 }",
            ),
            (
                "src/errors.ts",
                "export class HttpError extends Error {
                   constructor(public status: number, text: string) { super(text); }
                   static expired(text: string) { return new HttpError(401, text); }
                 }",
            ),
            (
                "src/base.controller.ts",
                "import { Router, type IRouter } from 'express';
                 export abstract class BaseController {
                   protected readonly router: Router = Router();
                   protected abstract readonly base: string;
                   attach(app: IRouter) {
                     for (const part of this.routes()) {
                       this.router[part.verb](part.path, ...(part.before ?? []), part.run);
                     }
                     app.use(this.base, this.router);
                   }
                 }",
            ),
            (
                "src/task.controller.ts",
                "import { BaseController } from './base.controller';
                 export class TaskController extends BaseController {
                   protected readonly base = '/tasks';
                   protected routes() {
                     return [
                       { verb: 'get' as const, path: '/', run: this.list },
                       { verb: 'delete' as const, path: '/:taskId', before: [check(schema)], run: this.list },
                     ];
                   }
                   private list = () => {};
                 }",
            ),
        ],
        routes: &[
            "GET /healthz none",
            "GET /tasks required",
            "DELETE /tasks/{taskId} required",
        ],
    },
    Example {
        title: "a folder of routers, and what is for guests only",
        files: &[
            (
                "app.js",
                "const express = require('express'), fs = require('fs'), path = require('path');
                 const app = express();
                 fs.readdirSync(path.join(__dirname, 'routes')).forEach(function (file) {
                   app.use('/' + path.basename(file, '.js'), require('./routes/' + file));
                 });
                 require('./pages')(app);
                 app.get('/list{/:page}', (req, res) => res.end());",
            ),
            (
                "routes/books.js",
                "const books = (module.exports = require('express').Router());
                 books.get('/', (req, res) => res.json([]));
                 books.post('/', verifyToken, (req, res) => res.json([]));
                 function verifyToken(req, res, next) { if (!req.token) return deny(res); next(); }
                 function deny(res) { return res.status(401).end(); }",
            ),
            (
                "pages.js",
                "module.exports = function (app) {
                   app.get('/login', guestOnly, (req, res) => res.render('login'));
                   app.get('/profile', isLoggedIn, (req, res) => res.render('profile'));
                 };
                 function isLoggedIn(req, res, next) {
                   if (req.isAuthenticated()) return next();
                   res.redirect('/');
                 }
                 function guestOnly(req, res, next) {
                   if (!req.isAuthenticated()) return next();
                   res.redirect('/');
                 }",
            ),
        ],
        routes: &[
            "GET /books none",
            "POST /books required",
            "GET /login none",
            "GET /profile required",
            "GET /list none",
            "GET /list/{page} none",
        ],
    },
    Example {
        title: "what is no route",
        files: &[(
            "client.js",
            "const express = require('express');
             const axios = require('axios');
             const app = express();
             const cache = new Map();
             app.set('view engine', 'pug');
             app.use('/static', express.static('public'));
             app.get('title');
             axios.get('/users', () => {});
             cache.get('/key', () => {});
             // app.get('/old', handler);
             app.all('*', (req, res) => res.status(404).send('nothing here'));",
        )],
        routes: &[],
    },
];
