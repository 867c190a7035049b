//! Examples of Laravel and Lumen, which are also its tests.

use super::more_examples::{ARROWS, KERNEL, LUMEN, MODULES};
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
    KERNEL,
    LUMEN,
    MODULES,
    ARROWS,
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
