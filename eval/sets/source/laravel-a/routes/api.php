<?php

use App\Http\Controllers\YarnController;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Route;

Route::get('/user', function (Request $request) {
    return $request->user();
})->middleware('auth:sanctum');

Route::apiResource('yarns', YarnController::class)->only(['index', 'show']);
Route::apiResource('yarns', YarnController::class)
    ->except(['index', 'show'])
    ->middleware('auth:sanctum');

Route::any('/echo', fn (Request $request) => $request->all());
