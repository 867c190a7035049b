<?php

namespace App\Services;

use GuzzleHttp\Client;

class MailGateway
{
    private Client $client;

    public function __construct()
    {
        $this->client = new Client(['base_uri' => 'https://mail.example.com']);
    }

    public function confirm(string $to): void
    {
        $this->client->post('/messages', ['json' => ['to' => $to]]);
        $this->client->get('/messages/last');
    }
}
