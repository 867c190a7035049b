<?php

use App\Http\Controllers\LoginController;
use App\Http\Controllers\OrderController;
use App\Http\Controllers\PatternController;
use Illuminate\Support\Facades\Route;

Route::view('/', 'welcome');
Route::redirect('/shop', '/patterns');

Route::get('/patterns', [PatternController::class, 'index'])->name('patterns.index');
Route::get('/patterns/{pattern:slug}', [PatternController::class, 'show'])->where('pattern', '[a-z0-9-]+');

Route::get('/login', [LoginController::class, 'form'])->name('login')->middleware('guest');
Route::post('/login', [LoginController::class, 'login'])->middleware('throttle:5,1');
Route::post('/logout', [LoginController::class, 'logout'])->middleware('auth');

Route::middleware('auth')->group(function () {
    Route::get('/orders', [OrderController::class, 'index']);
    Route::get('/orders/{order}', [OrderController::class, 'show']);
    Route::match(['get', 'post'], '/checkout', [OrderController::class, 'checkout']);

    Route::middleware('can:manage-shop')->prefix('manage')->group(function () {
        Route::resource('patterns', PatternController::class)->except(['index', 'show']);
        Route::get('/sales/{year?}', [OrderController::class, 'sales']);
    });
});

// Route::get('/gift-cards', fn () => view('gift'));
