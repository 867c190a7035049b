//! Examples.

use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "a guard for everything, with decorators that free and that ask for roles",
        files: &[
            (
                "src/main.ts",
                "import { NestFactory } from '@nestjs/core';
                 import { VersioningType, RequestMethod } from '@nestjs/common';
                 import { AppModule } from './app.module';
                 async function bootstrap() {
                   const app = await NestFactory.create(AppModule);
                   app.setGlobalPrefix('api', { exclude: [{ path: 'health', method: RequestMethod.GET }] });
                   app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
                   await app.listen(3000);
                 }
                 bootstrap();",
            ),
            (
                "src/app.module.ts",
                "import { Module } from '@nestjs/common';
                 import { APP_GUARD } from '@nestjs/core';
                 import { ThrottlerGuard } from '@nestjs/throttler';
                 import { JwtAuthGuard } from './auth/jwt-auth.guard';
                 @Module({
                   providers: [
                     { provide: APP_GUARD, useClass: ThrottlerGuard },
                     { provide: APP_GUARD, useClass: JwtAuthGuard },
                   ],
                 })
                 export class AppModule {}",
            ),
            (
                "src/auth/jwt-auth.guard.ts",
                "import { ExecutionContext, Injectable } from '@nestjs/common';
                 import { AuthGuard } from '@nestjs/passport';
                 import { IS_PUBLIC_KEY } from './public.decorator';
                 @Injectable()
                 export class JwtAuthGuard extends AuthGuard('jwt') {
                   constructor(private reflector: Reflector) { super(); }
                   canActivate(context: ExecutionContext) {
                     const isPublic = this.reflector.getAllAndOverride<boolean>(IS_PUBLIC_KEY, [
                       context.getHandler(), context.getClass(),
                     ]);
                     if (isPublic) { return true; }
                     return super.canActivate(context);
                   }
                 }",
            ),
            (
                "src/auth/public.decorator.ts",
                "import { SetMetadata } from '@nestjs/common';
                 export const IS_PUBLIC_KEY = 'isPublic';
                 export const Public = () => SetMetadata(IS_PUBLIC_KEY, true);",
            ),
            (
                "src/users/users.controller.ts",
                "import { Controller, Get, Post, Version, VERSION_NEUTRAL } from '@nestjs/common';
                 import { Public } from '../auth/public.decorator';
                 @Controller('users')
                 export class UsersController {
                   @Get() list() { return []; }
                   @Public()
                   @Post('login')
                   login(@Body() body: LoginDto) { return 1; }
                   @Version(['1', '2'])
                   @Get(':id')
                   show(@Param('id') id: string) { return id; }
                 }",
            ),
            (
                "src/health.controller.ts",
                "import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
                 import { Public } from './auth/public.decorator';
                 @Public()
                 @Controller({ path: 'health', version: VERSION_NEUTRAL })
                 export class HealthController {
                   @Get() check() { return 'ok'; }
                 }",
            ),
        ],
        routes: &[
            "GET /api/v1/users required",
            "POST /api/v1/users/login none",
            "GET /api/v1/users/{id} required",
            "GET /api/v2/users/{id} required",
            "GET /health none",
        ],
    },
    Example {
        title: "guards at class and method, composed decorators, roles that need a decorator",
        files: &[
            (
                "auth.decorators.ts",
                "import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
                 import { ApiBearerAuth } from '@nestjs/swagger';
                 import { AuthGuard } from '@nestjs/passport';
                 import { RolesGuard } from './roles.guard';
                 export const Roles = (...roles: string[]) => SetMetadata('roles', roles);
                 export function Auth(...roles: string[]) {
                   return applyDecorators(Roles(...roles), UseGuards(AuthGuard('jwt'), RolesGuard), ApiBearerAuth());
                 }",
            ),
            (
                "roles.guard.ts",
                "import { CanActivate, Injectable } from '@nestjs/common';
                 @Injectable()
                 export class RolesGuard implements CanActivate {
                   constructor(private readonly reflector: Reflector) {}
                   canActivate(context: ExecutionContext): boolean {
                     const roles = this.reflector.get<string[]>('roles', context.getHandler());
                     if (!roles || roles.length === 0) return true;
                     const { user } = context.switchToHttp().getRequest();
                     return roles.some((role) => user?.roles?.includes(role));
                   }
                 }",
            ),
            (
                "items.controller.ts",
                "import { Controller, Delete, Get, Patch, Put, UseGuards } from '@nestjs/common';
                 import { ApiBearerAuth } from '@nestjs/swagger';
                 import { Auth, Roles } from './auth.decorators';
                 import { RolesGuard } from './roles.guard';
                 @ApiBearerAuth()
                 @UseGuards(RolesGuard)
                 @Controller(['items', 'things'])
                 export class ItemsController {
                   @Get() list() {}
                   @Roles('admin') @Delete(':id') remove() {}
                   @Auth('editor') @Patch(':id') edit() {}
                   @UseGuards(LocalAuthGuard) @Put('login') login() {}
                 }",
            ),
        ],
        routes: &[
            "GET /items none",
            "DELETE /items/{id} required",
            "PATCH /items/{id} required",
            "PUT /items/login none",
            "GET /things none",
            "DELETE /things/{id} required",
            "PATCH /things/{id} required",
            "PUT /things/login none",
        ],
    },
    Example {
        title: "modules with paths, and methods that are inherited",
        files: &[
            (
                "app.module.ts",
                "import { Module } from '@nestjs/common';
                 import { RouterModule } from '@nestjs/core';
                 import { AdminModule } from './admin.module';
                 import { MetricsModule } from './metrics.module';
                 @Module({ imports: [AdminModule, RouterModule.register([
                   { path: 'admin', module: AdminModule, children: [{ path: 'metrics', module: MetricsModule }] },
                 ])] })
                 export class AppModule {}",
            ),
            (
                "admin.module.ts",
                "import { Module } from '@nestjs/common';
                 import { DogsController } from './dogs.controller';
                 @Module({ controllers: [DogsController] })
                 export class AdminModule {}",
            ),
            (
                "metrics.module.ts",
                "import { Controller, Get, Module } from '@nestjs/common';
                 @Controller()
                 class MetricsController { @Get() read() {} }
                 @Module({ controllers: [MetricsController] })
                 export class MetricsModule {}",
            ),
            (
                "crud.ts",
                "import { Get, Post } from '@nestjs/common';
                 export abstract class Crud<T> {
                   @Get() all() {}
                   @Post() create() {}
                   @Get(':id') one() {}
                 }",
            ),
            (
                "dogs.controller.ts",
                "import { Controller, UseGuards, Get } from '@nestjs/common';
                 import { Crud } from './crud';
                 import { TokenGuard } from './token.guard';
                 @UseGuards(new TokenGuard())
                 @Controller('dogs')
                 export class DogsController extends Crud<Dog> {
                   create() {}
                   @Get('breeds/*') breeds() {}
                 }",
            ),
            (
                "token.guard.ts",
                "import { CanActivate } from '@nestjs/common';
                 export class TokenGuard implements CanActivate {
                   async canActivate(context) { return check(context.getArgs()[0].headers.token); }
                 }",
            ),
        ],
        routes: &[
            "GET /admin/dogs required",
            "GET /admin/dogs/{id} required",
            "GET /admin/dogs/breeds/{rest} required",
            "GET /admin/metrics none",
        ],
    },
    Example {
        title: "middleware for routes",
        files: &[(
            "app.module.ts",
            "import { Controller, Get, MiddlewareConsumer, Module, NestModule, Post, RequestMethod } from '@nestjs/common';
             class AuthMiddleware {
               use(req, res, next) {
                 if (!req.headers.authorization) throw new UnauthorizedException();
                 next();
               }
             }
             @Controller('articles')
             export class ArticleController {
               @Get() list() {}
               @Post() create() {}
               @Get('feed') feed() {}
             }
             @Module({ controllers: [ArticleController] })
             export class AppModule implements NestModule {
               configure(consumer: MiddlewareConsumer) {
                 consumer.apply(AuthMiddleware).forRoutes(
                   { path: 'articles/feed', method: RequestMethod.GET },
                   { path: 'articles', method: RequestMethod.POST },
                 );
               }
             }",
        )],
        routes: &["GET /articles none", "POST /articles required", "GET /articles/feed required"],
    },
    Example {
        title: "a decorator made by the reflector, an optional guard, a global guard object",
        files: &[(
            "main.ts",
            "import { NestFactory, Reflector } from '@nestjs/core';
             import { CanActivate, Controller, Get, All, Injectable, UseGuards } from '@nestjs/common';
             import { AuthGuard } from '@nestjs/passport';
             export const Open = Reflector.createDecorator<boolean>();
             class Gate implements CanActivate {
               constructor(private reflector: Reflector) {}
               async canActivate(ctx) {
                 if (this.isOpen(ctx)) return true;
                 const request = ctx.switchToHttp().getRequest();
                 if (!request.headers.authorization) throw new UnauthorizedException();
                 return true;
               }
               private isOpen(ctx) { return this.reflector.getAllAndOverride(Open, [ctx.getHandler(), ctx.getClass()]); }
             }
             class OptionalJwtGuard extends AuthGuard('jwt') {
               handleRequest(err, user) { return user; }
             }
             @Controller('a')
             export class A {
               @Open(true) @Get('open') open() {}
               @Get('closed') closed() {}
               @UseGuards(OptionalJwtGuard) @Open() @All('maybe') maybe() {}
             }
             async function main() {
               const app = await NestFactory.create(AppModule);
               app.useGlobalGuards(new Gate(app.get(Reflector)));
             }
             main();",
        )],
        routes: &["GET /a/open none", "GET /a/closed required", "ANY /a/maybe none"],
    },
    Example {
        title: "two applications side by side, controllers and guards made by functions",
        files: &[
            (
                "apps/shop/src/main.ts",
                "import { NestFactory } from '@nestjs/core';
                 import { ShopModule } from './shop.module';
                 import { JwtGuard } from '@app/common';
                 const PREFIX = 'shop';
                 const bootstrap = async () => {
                   const app = await NestFactory.create(ShopModule);
                   app.setGlobalPrefix(PREFIX);
                   app.useGlobalGuards(app.get(JwtGuard));
                 };
                 bootstrap().catch(console.error);",
            ),
            (
                "apps/shop/src/shop.module.ts",
                "import { Controller, Get, Module, Post } from '@nestjs/common';
                 import { AllowAnon } from '@app/common';
                 @Controller('products')
                 export class ProductsController {
                   @AllowAnon() @Get() list() {}
                   @Post() add() {}
                   @MessagePattern({ cmd: 'x' }) message() {}
                 }
                 @Module({ controllers: [ProductsController] })
                 export class ShopModule {}",
            ),
            (
                "apps/back/src/main.ts",
                "import { NestFactory } from '@nestjs/core';
                 import { BackModule } from './back.module';
                 (async () => { const app = await NestFactory.create(BackModule); await app.listen(3001); })();",
            ),
            (
                "apps/back/src/back.module.ts",
                "import { Controller, Get, mixin, Module, Put, UseGuards } from '@nestjs/common';
                 const RoleGuard = (role: string) => {
                   class RoleGuardMixin {
                     canActivate(context) { return context.getArgs()[0].user?.roles.includes(role); }
                   }
                   return mixin(RoleGuardMixin);
                 };
                 function crud(name: string) {
                   @Controller(name)
                   class CrudController {
                     @Get() all() {}
                     @UseGuards(RoleGuard('editor')) @Put(':id') put() {}
                   }
                   return CrudController;
                 }
                 @Module({ controllers: [crud('plants'), crud('rocks')] })
                 export class BackModule {}",
            ),
            (
                "libs/common/src/index.ts",
                "export * from './jwt.guard';
                 export * from './allow-anon';",
            ),
            (
                "libs/common/src/allow-anon.ts",
                "import { SetMetadata } from '@nestjs/common';
                 export const ALLOW_ANON = Symbol('anon');
                 export function AllowAnon() { return SetMetadata(ALLOW_ANON, true); }",
            ),
            (
                "libs/common/src/jwt.guard.ts",
                "import { AuthGuard } from '@nestjs/passport';
                 import { ALLOW_ANON } from './allow-anon';
                 export class JwtGuard extends AuthGuard('jwt') {
                   public override async canActivate(context): Promise<boolean> {
                     const isAnon = this.reflector.get<boolean>(ALLOW_ANON, context.getHandler()) ?? false;
                     return isAnon || (super.canActivate(context) as Promise<boolean>);
                   }
                 }",
            ),
        ],
        routes: &[
            "GET /shop/products none",
            "POST /shop/products required",
            "GET /plants none",
            "PUT /plants/{id} required",
            "GET /rocks none",
            "PUT /rocks/{id} required",
        ],
    },
    Example {
        title: "what is no route",
        files: &[(
            "service.ts",
            "import { Injectable } from '@nestjs/common';
             import { HttpService } from '@nestjs/axios';
             @Injectable()
             export class Service {
               constructor(private readonly http: HttpService) {}
               load() { return this.http.get('/users', {}); }
             }
             @Resolver()
             export class UserResolver { @Query() user() {} }",
        )],
        routes: &[],
    },
];
