//! Examples of Laravel and Lumen, which are also its tests.

use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "an API with groups, resources and middleware of controllers",
        files: &[
            (
                "routes/api.php",
                r#"<?php

use App\Http\Controllers\{AuthController, PostController};
use App\Http\Controllers\Admin\StatsController;
use App\Http\Controllers\CommentController as Comments;
use Illuminate\Support\Facades\Route;

Route::post('/login', [AuthController::class, 'login']);

Route::middleware(['auth:sanctum', 'throttle:60,1'])->group(function () {
    Route::post('/logout', [AuthController::class, 'logout'])->name('logout');
    Route::apiResource('posts.comments', Comments::class)->only(['index', 'show'])->shallow();
    Route::prefix('admin')->middleware('role:admin')->controller(StatsController::class)
        ->group(function () {
            Route::get('stats/{period?}', 'show');
            Route::match(['put', 'post'], 'stats', 'store');
        });
    Route::get('/health', fn () => 'ok')->withoutMiddleware('auth:sanctum');
});

Route::apiResource('posts', PostController::class);
Route::get('/posts/{post:slug}/preview', [PostController::class, 'preview'])->middleware('signed');
"#,
            ),
            (
                "app/Http/Controllers/PostController.php",
                r#"<?php
namespace App\Http\Controllers;

class PostController extends Controller
{
    public function __construct()
    {
        $this->middleware('auth:sanctum')->except(['index', 'show', 'preview']);
    }
}
"#,
            ),
        ],
        routes: &[
            "POST /api/login none",
            "POST /api/logout required",
            "GET /api/posts/{post}/comments required",
            "GET /api/comments/{comment} required",
            "GET /api/admin/stats required",
            "GET /api/admin/stats/{period} required",
            "PUT /api/admin/stats required",
            "POST /api/admin/stats required",
            "GET /api/health none",
            "GET /api/posts none",
            "POST /api/posts required",
            "GET /api/posts/{post} none",
            "PUT /api/posts/{post} required",
            "PATCH /api/posts/{post} required",
            "DELETE /api/posts/{post} required",
            "GET /api/posts/{post}/preview required",
        ],
    },
    Example {
        title: "settings in bootstrap/app.php, with aliases and files of its own",
        files: &[
            (
                "bootstrap/app.php",
                r#"<?php

use App\Http\Middleware\{CheckKey, SetLocale};
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(
        web: __DIR__.'/../routes/web.php',
        api: __DIR__.'/../routes/api.php',
        health: '/up',
        apiPrefix: 'api/v2',
        then: function () {
            Route::middleware(['web', 'auth'])->prefix('backoffice')
                ->group(base_path('routes/backoffice.php'));
        },
    )
    ->withMiddleware(function (Middleware $middleware) {
        $middleware->alias(['partner' => CheckKey::class, 'locale' => SetLocale::class]);
        $middleware->web(append: [SetLocale::class]);
    })->create();
"#,
            ),
            (
                "app/Http/Middleware/CheckKey.php",
                r#"<?php
namespace App\Http\Middleware;

class CheckKey
{
    public function handle($request, \Closure $next)
    {
        if (! Partner::where('key', $request->header('X-Key'))->exists()) {
            return response()->json(['message' => 'no'], 401);
        }
        return $next($request);
    }
}
"#,
            ),
            (
                "app/Http/Middleware/SetLocale.php",
                "<?php\nnamespace App\\Http\\Middleware;\nclass SetLocale { public function \
                 handle($request, $next) { app()->setLocale('de'); return $next($request); } }\n",
            ),
            (
                "routes/api.php",
                r#"<?php
use App\Http\Controllers\OrderController;

Route::group(['middleware' => ['partner'], 'prefix' => 'orders'], function () {
    Route::get('/', [OrderController::class, 'index']);
    require __DIR__ . '/orders/items.php';
});
Route::get('ping', App\Http\Controllers\PingController::class)->middleware('locale');
"#,
            ),
            (
                "routes/orders/items.php",
                "<?php\nRoute::delete('{order}/items/{item}', 'ItemController@destroy');\n",
            ),
            (
                "routes/web.php",
                r#"<?php
Route::view('/', 'welcome');
Route::redirect('/here', '/there');
Route::fallback(fn () => abort(404));
foreach (['about', 'terms'] as $page) {
    Route::get("/{$page}", fn () => view($page));
}
"#,
            ),
            (
                "routes/backoffice.php",
                r#"<?php
use App\Http\Controllers\UserController;
Route::resource('users', UserController::class)->except(['show'])->parameters(['users' => 'account']);
"#,
            ),
        ],
        routes: &[
            "GET /up none",
            "GET /api/v2/orders required",
            "DELETE /api/v2/orders/{order}/items/{item} required",
            "GET /api/v2/ping none",
            "GET / none",
            "ANY /here none",
            "GET /{fallbackPlaceholder} none",
            "GET /about none",
            "GET /terms none",
            "GET /backoffice/users required",
            "GET /backoffice/users/create required",
            "POST /backoffice/users required",
            "GET /backoffice/users/{account}/edit required",
            "PUT /backoffice/users/{account} required",
            "PATCH /backoffice/users/{account} required",
            "DELETE /backoffice/users/{account} required",
        ],
    },
    Example {
        title: "a provider that loads routes, a kernel, and controllers in strings",
        files: &[
            (
                "app/Providers/RouteServiceProvider.php",
                r#"<?php
namespace App\Providers;

use Illuminate\Foundation\Support\Providers\RouteServiceProvider as ServiceProvider;
use Illuminate\Support\Facades\Route;

class RouteServiceProvider extends ServiceProvider
{
    protected $namespace = 'App\Http\Controllers';

    public function map()
    {
        $this->mapApiRoutes();
        $this->mapPartnerRoutes();
    }

    protected function mapApiRoutes()
    {
        Route::prefix('api')->middleware('api')->namespace($this->namespace)
            ->group(base_path('routes/api.php'));
    }

    protected function mapPartnerRoutes()
    {
        Route::prefix('partners')->middleware('partner')->namespace($this->namespace . '\Partner')
            ->group(base_path('routes/partner.php'));
    }
}
"#,
            ),
            (
                "app/Http/Kernel.php",
                r#"<?php
namespace App\Http;

use Illuminate\Foundation\Http\Kernel as HttpKernel;

class Kernel extends HttpKernel
{
    protected $middleware = [\App\Http\Middleware\TrustProxies::class];

    protected $middlewareGroups = [
        'api' => ['throttle:api', \Illuminate\Routing\Middleware\SubstituteBindings::class],
        'partner' => ['throttle:api', 'vip'],
    ];

    protected $routeMiddleware = [
        'auth' => \App\Http\Middleware\Authenticate::class,
        'vip' => \App\Http\Middleware\OnlyVips::class,
        'guest' => \App\Http\Middleware\RedirectIfAuthenticated::class,
    ];
}
"#,
            ),
            (
                "app/Http/Middleware/Authenticate.php",
                "<?php\nnamespace App\\Http\\Middleware;\nuse Illuminate\\Auth\\Middleware\\Authenticate \
                 as Middleware;\nclass Authenticate extends Middleware { protected function \
                 redirectTo($request) { return route('login'); } }\n",
            ),
            (
                "app/Http/Middleware/OnlyVips.php",
                r#"<?php
namespace App\Http\Middleware;
class OnlyVips
{
    public function handle($request, Closure $next)
    {
        abort_unless($request->user()?->vip, 404);
        return $next($request);
    }
}
"#,
            ),
            (
                "app/Http/Middleware/RedirectIfAuthenticated.php",
                "<?php\nnamespace App\\Http\\Middleware;\nclass RedirectIfAuthenticated { public \
                 function handle($r, $next) { if (Auth::check()) { return redirect('/home'); } \
                 return $next($r); } }\n",
            ),
            (
                "routes/api.php",
                r#"<?php
Route::post('login', 'AuthController@login')->middleware('guest');
Route::get('me', 'AuthController@me');
Route::resource('tickets', 'TicketController', ['only' => ['index', 'store']]);
Route::singleton('profile', 'ProfileController')->middleware('auth:api');
"#,
            ),
            ("routes/partner.php", "<?php\nRoute::any('hook', 'HookController');\n"),
            (
                "app/Http/Controllers/AuthController.php",
                r#"<?php
namespace App\Http\Controllers;
class AuthController extends Controller
{
    public function __construct()
    {
        $this->middleware('auth:api', ['except' => ['login']]);
    }
}
"#,
            ),
            (
                "app/Http/Controllers/TicketController.php",
                r#"<?php
namespace App\Http\Controllers;
use Illuminate\Routing\Controllers\{HasMiddleware, Middleware};
class TicketController extends Controller implements HasMiddleware
{
    public static function middleware(): array
    {
        return [new Middleware('auth:api', only: ['store']), 'throttle:uploads'];
    }
}
"#,
            ),
        ],
        routes: &[
            "POST /api/login none",
            "GET /api/me required",
            "GET /api/tickets none",
            "POST /api/tickets required",
            "GET /api/profile required",
            "GET /api/profile/edit required",
            "PUT /api/profile required",
            "PATCH /api/profile required",
            "ANY /partners/hook required",
        ],
    },
    Example {
        title: "Lumen",
        files: &[
            (
                "bootstrap/app.php",
                r#"<?php
$app = new Laravel\Lumen\Application(dirname(__DIR__));
$app->routeMiddleware(['auth' => App\Http\Middleware\Authenticate::class]);
$app->router->group(['namespace' => 'App\Http\Controllers'], function ($router) {
    require __DIR__.'/../routes/web.php';
});
return $app;
"#,
            ),
            (
                "app/Http/Middleware/Authenticate.php",
                "<?php\nnamespace App\\Http\\Middleware;\nclass Authenticate { public function \
                 handle($request, $next, $guard = null) { if ($this->auth->guard($guard)->guest()) \
                 { return response('Unauthorized.', 401); } return $next($request); } }\n",
            ),
            (
                "routes/web.php",
                r#"<?php
/** @var \Laravel\Lumen\Routing\Router $router */
$router->get('/', function () use ($router) { return $router->app->version(); });
$router->group(['prefix' => 'v1', 'middleware' => 'auth'], function () use ($router) {
    $router->get('users/{id:[0-9]+}', 'UserController@show');
    $router->group(['prefix' => 'posts'], function ($router) {
        $router->post('/', ['uses' => 'PostController@store', 'as' => 'posts.store']);
    });
});
$router->put('open', ['middleware' => 'auth', function () { return 1; }]);
"#,
            ),
        ],
        routes: &[
            "GET / none",
            "GET /v1/users/{id} required",
            "POST /v1/posts required",
            "PUT /open required",
        ],
    },
    Example {
        title: "modules with providers, and registrars",
        files: &[
            (
                "routes/web.php",
                r#"<?php
use App\Routing\AdminRoutes;
$shared = function () {
    Route::get('faq', 'FaqController@index');
};
Route::prefix('de')->group($shared);
Route::prefix('en')->group($shared);
Route::middleware('auth')->prefix(AdminRoutes::PREFIX)->group(function () {
    AdminRoutes::register();
});
Auth::routes(['register' => false, 'reset' => false, 'confirm' => false]);
"#,
            ),
            (
                "app/Routing/AdminRoutes.php",
                r#"<?php
namespace App\Routing;
use Illuminate\Support\Facades\Route;
class AdminRoutes
{
    const PREFIX = 'manage';
    public static function register(): void
    {
        Route::get('reports', [\App\Http\Controllers\ReportController::class, 'index']);
    }
}
"#,
            ),
            (
                "Modules/Shop/Providers/ShopServiceProvider.php",
                r#"<?php
namespace Modules\Shop\Providers;
use Illuminate\Support\ServiceProvider;
class ShopServiceProvider extends ServiceProvider
{
    public function boot()
    {
        $this->loadRoutesFrom(__DIR__ . '/../Routes/shop.php');
    }
}
"#,
            ),
            (
                "Modules/Shop/Routes/shop.php",
                r#"<?php
Route::middleware('api')->prefix('api/shop')->group(function () {
    Route::resources(['carts' => CartController::class], ['only' => ['show']]);
});
"#,
            ),
        ],
        routes: &[
            "GET /de/faq none",
            "GET /en/faq none",
            "GET /manage/reports required",
            "GET /login none",
            "POST /login none",
            "POST /logout none",
            "GET /api/shop/carts/{cart} none",
        ],
    },
    Example {
        title: "no routes: clients, and what only looks alike",
        files: &[(
            "app/Services/Weather.php",
            r#"<?php
namespace App\Services;
use Illuminate\Support\Facades\Http;
// Route::get('/old', fn () => 1);
class Weather
{
    public function load($client)
    {
        Http::get('https://weather.example/forecast');
        $client->get('/forecast');
        Cache::get('/x');
        $name = 'Route::get("/y")';
        return Route::currentRouteName();
    }
}
"#,
        )],
        routes: &[],
    },
];
