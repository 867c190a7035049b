using Choir.Endpoints;
using Choir.Security;

var builder = WebApplication.CreateBuilder(args);

builder.Services.AddAuthentication().AddJwtBearer();
builder.Services.AddAuthorizationBuilder()
    .AddPolicy("conductor", p => p.RequireRole("conductor"));
builder.Services.AddOutputCache();
builder.Services.AddRateLimiter(_ => { });

var app = builder.Build();

app.UseRateLimiter();
app.UseOutputCache();
app.UseAuthentication();
app.UseAuthorization();

app.MapGet("/", () => Results.Redirect("/docs"));
app.MapGet("/health", () => Results.Ok("healthy")).ExcludeFromDescription();

var api = app.MapGroup("/api").WithOpenApi();

api.MapConcerts();
api.MapGroup("/singers").MapSingers().RequireAuthorization();
api.MapScores();
api.MapAdmin();

app.MapMethods("/legacy/calendar", new[] { "GET", "OPTIONS" }, () => Results.StatusCode(410));
app.Map("/anything", (HttpContext ctx) => ctx.Request.Method);

app.Run();

public partial class Program { }
