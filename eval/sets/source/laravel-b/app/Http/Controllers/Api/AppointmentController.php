<?php

namespace App\Http\Controllers\Api;

use App\Http\Controllers\Controller;
use App\Services\MailGateway;
use Illuminate\Http\Request;

class AppointmentController extends Controller
{
    public function __construct(private MailGateway $mail)
    {
    }

    public function index()
    {
        return ['free' => []];
    }

    public function store(Request $request)
    {
        $this->mail->confirm($request->input('email'));

        return response()->json(['code' => 'ABC'], 201);
    }

    public function show(string $code)
    {
        return ['code' => $code];
    }

    public function destroy(string $code)
    {
        return response()->noContent();
    }
}
