<?php

namespace App\Http\Controllers;

use Illuminate\Http\Request;
use Illuminate\Support\Facades\Http;

class OrderController extends Controller
{
    public function index(Request $request)
    {
        return view('orders.index', ['orders' => $request->user()->orders]);
    }

    public function show(Request $request, int $order)
    {
        $parcel = Http::get('https://parcels.example.com/track/'.$order)->json();

        return view('orders.show', compact('order', 'parcel'));
    }

    public function checkout(Request $request)
    {
        return $request->isMethod('post') ? redirect('/orders') : view('checkout');
    }

    public function sales(?int $year = null)
    {
        return view('manage.sales', ['year' => $year ?? now()->year]);
    }
}
