using Choir.Domain;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Choir.Endpoints;

public static class ScoreEndpoints
{
    private const string Prefix = "/scores";

    public static void MapScores(this RouteGroupBuilder api)
    {
        api.MapGet(Prefix, ([FromQuery] string? composer) => Array.Empty<Score>());
        api.MapGet($"{Prefix}/{{slug}}", (string slug) => new Score(slug, "unknown"));
        api.MapGet(Prefix + "/{slug}/pages/{**file}", [Authorize] (string slug, string file) => Results.File(file));
    }
}
