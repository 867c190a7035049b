namespace Choir.Endpoints;

public static class AdminEndpoints
{
    public static void MapAdmin(this IEndpointRouteBuilder api)
    {
        var admin = api.MapGroup("/admin").RequireAuthorization("conductor");
        var reports = admin.MapGroup("/reports");

        admin.MapGet("/members", () => Array.Empty<string>());
        admin.MapPost("/members/{id}/suspend", (string id) => Results.NoContent());

        reports.MapGet("/{season}", (string season) => Results.Ok(season));
        reports.MapPost("/{season}/mail", (string season) => Results.Accepted());
    }
}
