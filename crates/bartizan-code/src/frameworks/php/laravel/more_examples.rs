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
        'api' => ['throttle:api', \App\Http\Middleware\TurnAwayBanned::class],
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
            "app/Http/Middleware/TurnAwayBanned.php",
            r#"<?php
namespace App\Http\Middleware;
class TurnAwayBanned
{
    public function handle($request, Closure $next)
    {
        if ($request->user()?->banned_at) {
            abort(403);
        }
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

/// Groups by arrow functions, lists and policies.
pub(super) const ARROWS: Example = Example {
    title: "arrow functions, loops over classes, and middleware of single methods",
    files: &[
        (
            "server/bootstrap/app.php",
            r#"<?php
use Illuminate\Foundation\Application;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(using: function () {
        Route::middleware('api')->prefix('rest')->group(base_path('routes/api.php'));
    })
    ->withMiddleware(function ($stack) {
        $stack->group('secured', ['auth:sanctum', 'verified']);
        $stack->alias(['key' => \App\Http\Middleware\CheckKey::class]);
    })
    ->create();
"#,
        ),
        (
            "server/app/Http/Middleware/CheckKey.php",
            r#"<?php
namespace App\Http\Middleware;

class CheckKey extends Checks
{
    protected function check($request): void
    {
        throw_if(blank($request->header('X-Key')), new AccessDeniedHttpException());
    }
}

abstract class Checks
{
    public function handle($request, $next)
    {
        $this->check($request);
        return $next($request);
    }
}
"#,
        ),
        (
            "server/app/Enums/Role.php",
            "<?php\nnamespace App\\Enums;\nenum Role: string { case Boss = 'boss'; const PATH = 'v2'; }\n",
        ),
        (
            "server/routes/api.php",
            r#"<?php
use App\Enums\Role;
use App\Http\Controllers\{PhotoController, RoleController, TeamController};
use Illuminate\Support\Facades\Route;

Route::prefix('v1')->group(fn () => require __DIR__.'/v1/uploads.php');
Route::prefix(Role::PATH . '/teams')->middleware('secured')->group(function () {
    Route::get('/', [TeamController::class, 'index'])->middleware('role:'.Role::Boss->value);
    Route::get('/{team}/members/{member:uuid}', [TeamController::class, 'member']);
});
Route::apiResource('photos', PhotoController::class)->only('index', 'store')
    ->middleware('auth:sanctum')->withoutMiddlewareFor(['index'], 'auth:sanctum');
foreach (['roles' => RoleController::class] as $uri => $controller) {
    Route::apiResource($uri, $controller)->only(['index', 'destroy']);
}
Route::get('lookup', function ($request) {
    return Http::withToken('x')->get('https://other.example/y')->json();
});
"#,
        ),
        (
            "server/routes/v1/uploads.php",
            r#"<?php
Route::prefix('uploads')->middleware('key')->group(fn () => [
    Route::post('/', [UploadController::class, 'store'])->name('store'),
    Route::delete('/{upload}', [UploadController::class, 'destroy']),
]);
"#,
        ),
        (
            "server/app/Http/Controllers/RoleController.php",
            r#"<?php
namespace App\Http\Controllers;
use Illuminate\Routing\Attributes\Controllers\Middleware;
#[Middleware('throttle:api')]
class RoleController
{
    #[Middleware('auth:sanctum')]
    public function destroy() {}
}
"#,
        ),
    ],
    routes: &[
        "POST /rest/v1/uploads required",
        "DELETE /rest/v1/uploads/{upload} required",
        "GET /rest/v2/teams required",
        "GET /rest/v2/teams/{team}/members/{member} required",
        "GET /rest/photos none",
        "POST /rest/photos required",
        "GET /rest/roles none",
        "DELETE /rest/roles/{role} required",
        "GET /rest/lookup none",
    ],
};
