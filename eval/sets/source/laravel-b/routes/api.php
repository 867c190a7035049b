<?php

use App\Http\Controllers\Api\AppointmentController;
use App\Http\Controllers\Api\HelperController;
use App\Http\Controllers\Api\KioskController;
use App\Http\Controllers\Api\RepairController;
use App\Http\Controllers\Api\StatsController;
use App\Http\Controllers\Api\TokenController;
use App\Http\Middleware\HelperOnly;
use Illuminate\Support\Facades\Route;

Route::post('tokens', [TokenController::class, 'store']);
Route::get('stats', StatsController::class)->middleware('trace');

Route::controller(AppointmentController::class)->prefix('appointments')->group(function () {
    Route::get('/', 'index');
    Route::post('/', 'store');
    Route::get('{code}', 'show');
    Route::delete('{code}', 'destroy')->middleware('auth:sanctum');
});

Route::group(['prefix' => 'kiosk', 'middleware' => ['kiosk']], function () {
    Route::post('arrivals', [KioskController::class, 'arrive']);
    Route::get('queue', [KioskController::class, 'queue'])->withoutMiddleware('kiosk');
});

Route::group(['middleware' => 'auth:sanctum'], function () {
    Route::delete('tokens/current', [TokenController::class, 'destroy']);
    Route::apiResource('repairs', RepairController::class);
    Route::apiResource('repairs.parts', RepairController::class)->only('index', 'store')->parameters(['repairs' => 'job']);

    require __DIR__.'/api/helpers.php';
});

Route::prefix('coordination')->middleware([HelperOnly::class.':lead'])->group(function () {
    Route::get('rota', [HelperController::class, 'rota']);
    Route::put('rota/{week}', [HelperController::class, 'saveRota'])->whereNumber('week');
});
