//! Examples of Laravel as it was, of modules, and of Lumen.

use crate::frameworks::Example;

/// A provider that loads routes, a kernel.
pub(super) const KERNEL: Example = Example {
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
};

/// Lumen.
pub(super) const LUMEN: Example = Example {
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
};

/// Modules with providers.
pub(super) const MODULES: Example = Example {
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
};
