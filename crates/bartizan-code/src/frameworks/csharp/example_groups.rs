//! Examples of ASP.NET Core: groups that are handed on, hubs and services of gRPC.

use crate::frameworks::Example;

pub(super) const GROUPS: Example = Example {
    title: "groups named by classes, and maps that are not of the application",
    files: &[
        (
            "Web/Program.cs",
            r#"var builder = WebApplication.CreateBuilder(args);
var app = builder.ConfigureServices().Build();
app.Use(async (context, next) =>
{
    var path = context.Request.Path.Value ?? "";
    if (path.StartsWith("/hooks") && context.Request.Headers["X-Sig"].Count == 0)
    {
        context.Response.StatusCode = 401;
        return;
    }
    await next(context);
});
app.MapOpenApi().AllowAnonymous();
app.MapHub<Chat>("/chat").RequireAuthorization();
app.MapPost("/hooks/{source}", (string source) => 1);
foreach (var alias in new[] { "/alive", "/ready" }) app.MapGet(alias, () => 1);
app.MapEndpoints();
new Reports(app.MapGroup("/reports")).Register();
app.Run();"#,
        ),
        (
            "Web/Extensions.cs",
            r#"public static class Extensions
{
    public static RouteGroupBuilder MapGroup(this WebApplication app, EndpointGroup group)
    {
        var name = group.GetType().Name;
        return app.MapGroup($"/api/{name}").WithTags(name);
    }
    public static WebApplication MapEndpoints(this WebApplication app)
    {
        foreach (var type in typeof(EndpointGroup).Assembly.GetExportedTypes())
        {
            if (Activator.CreateInstance(type) is EndpointGroup instance) instance.Map(app);
        }
        return app;
    }
    public static IEndpointRouteBuilder MapGet(this IEndpointRouteBuilder builder, Delegate handler, string pattern = "")
    {
        builder.MapGet(pattern, handler).WithName(handler.Method.Name);
        return builder;
    }
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope) where TBuilder : IEndpointConventionBuilder
        => builder.RequireAuthorization(policy => policy.RequireClaim("scope", scope));
}"#,
        ),
        (
            "Web/Todos.cs",
            r#"public class Todos : EndpointGroup
{
    public override void Map(WebApplication app)
    {
        app.MapGroup(this).RequireAuthorization().MapGet(All).MapGet(One, "{id}");
    }
    public string All() => "";
    public string One(int id) => "";
}
public class Weather : EndpointGroup
{
    public override void Map(WebApplication app) { app.MapGroup(this).MapGet(Now); }
    public string Now() => "";
}
public class Reports(RouteGroupBuilder group)
{
    public void Register()
    {
        group.MapGet("/daily", Daily).RequireScope("reports");
        group.MapGet("/weekly/{year:int?}", Daily);
    }
    private string Daily() => "";
}"#,
        ),
    ],
    routes: &[
        "ANY /chat required",
        "POST /hooks/{source} required",
        "GET /alive none",
        "GET /ready none",
        "GET /api/Todos required",
        "GET /api/Todos/{id} required",
        "GET /api/Weather none",
        "GET /reports/daily required",
        "GET /reports/weekly none",
        "GET /reports/weekly/{year} none",
    ],
};

pub(super) const SERVICES: Example = Example {
    title: "hubs and services of gRPC",
    files: &[
        (
            "Program.cs",
            r#"var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
var g = app.MapGroup("/live").RequireAuthorization();
g.MapHub<Rooms>("/rooms");
app.MapHub<Chat>("/chat");
app.MapHub<Board>("/board");
app.MapGrpcService<GreeterService>();
app.MapGrpcService<ElsewhereService>().RequireAuthorization();
app.MapGet("/open", () => 1);
app.Run();"#,
        ),
        (
            "Hubs.cs",
            r#"public class Rooms : Hub { }
[Authorize]
public class Chat : Hub { public Task Send(string text) => Clients.All.SendAsync("said", text); }
public class Board : Hub { }"#,
        ),
        (
            "GreeterService.cs",
            r#"[Authorize]
public class GreeterService : Greeter.GreeterBase
{
    public override Task<Reply> SayHello(Request request, ServerCallContext context) => Task.FromResult(new Reply());
    [AllowAnonymous]
    public override Task<Reply> Ping(Request request, ServerCallContext context) => Task.FromResult(new Reply());
    private Reply Make() => new Reply();
}"#,
        ),
    ],
    routes: &[
        "ANY /live/rooms required",
        "ANY /chat required",
        "ANY /board none",
        "POST /{package}.Greeter/SayHello required",
        "POST /{package}.Greeter/Ping none",
        "POST /{package}.Elsewhere/{method} required",
        "GET /open none",
    ],
};
