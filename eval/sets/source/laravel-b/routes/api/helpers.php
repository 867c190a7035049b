<?php

use App\Http\Controllers\Api\HelperController;
use Illuminate\Support\Facades\Route;

Route::get('helpers', [HelperController::class, 'index']);
Route::patch('helpers/me', [HelperController::class, 'update']);
