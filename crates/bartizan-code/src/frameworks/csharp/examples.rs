//! Examples of ASP.NET Core.

use super::example_groups;
use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "controllers with attribute routes and a base class",
        files: &[
            (
                "src/Shop/Program.cs",
                r#"var builder = WebApplication.CreateBuilder(args);
builder.Services.AddControllers();
var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
app.MapControllers();
app.Run();"#,
            ),
            (
                "src/Shop/Controllers/ApiControllerBase.cs",
                r#"namespace Shop.Controllers;
[ApiController]
[Authorize]
[Route("api/v{version:apiVersion}/[controller]")]
public abstract class ApiControllerBase : ControllerBase
{
    [HttpGet("ping")] public IActionResult Ping() => Ok();
    protected IActionResult Problem2() => BadRequest();
}"#,
            ),
            (
                "src/Shop/Controllers/OrdersController.cs",
                r#"namespace Shop.Controllers;
[ApiVersion("1.0")]
public class OrdersController : ApiControllerBase
{
    [HttpGet]
    public async Task<ActionResult<List<Order>>> GetAll() => Ok(await mediator.Send(new Q()));
    [HttpGet("{id:int}", Name = "one"), AllowAnonymous]
    public IActionResult GetOne(int id) => Ok(cache.Get("/x"));
    [HttpPost, Route("~/api/checkout")]
    public IActionResult Checkout() => Ok();
    [AcceptVerbs("PUT", "PATCH")]
    [Route("{id}/[action]")]
    public IActionResult ChangeAsync(int id) => Ok();
    [HttpDelete("/admin/" + Paths.Orders + "/{id}")]
    public IActionResult Delete(int id) => Ok();
    [NonAction] public void Helper() {}
    private void Other() {}
}"#,
            ),
            (
                "src/Shop/Paths.cs",
                "static class Paths { public const string Orders = \"orders\"; }",
            ),
            (
                "src/Shop/Controllers/PublicController.cs",
                r#"[Route("public"), ApiController, AllowAnonymous]
public class PublicController : ControllerBase
{
    [Authorize] [HttpGet("a")] public int A() => 1;
    [HttpGet("b/{c?}")] public int B(string? c) => 1;
}"#,
            ),
        ],
        routes: &[
            "GET /api/v{version}/Orders/ping required",
            "GET /api/v{version}/Orders required",
            "GET /api/v{version}/Orders/{id} none",
            "POST /api/checkout required",
            "PUT /api/v{version}/Orders/{id}/Change required",
            "PATCH /api/v{version}/Orders/{id}/Change required",
            "DELETE /admin/orders/{id} required",
            "GET /public/a none",
            "GET /public/b none",
            "GET /public/b/{c} none",
        ],
    },
    Example {
        title: "minimal APIs in groups and extension methods",
        files: &[
            (
                "Program.cs",
                r#"using Shop.Endpoints;
var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
app.UseCors();
app.MapGet("/", () => "hi");
var api = app.MapGroup("/api");
api.MapGroup("/orders").MapOrders().RequireAuthorization();
api.MapUsers();
app.MapMethods("/multi", new[] { "GET", "POST" }, Handlers.Multi);
app.Map("/any", (HttpContext context) => Results.Ok());
app.Map("/branch", branch => branch.Run(async c => await c.Response.WriteAsync("x")));
app.MapGet("/secret", [Authorize(Roles = "admin")] (int x) => x);
app.MapGet("/me", Handlers.Me);
var config = client.MapGet("/x");
http.Get("/y");
app.Run();"#,
            ),
            (
                "Endpoints/Orders.cs",
                r#"namespace Shop.Endpoints;
public static class OrderEndpoints
{
    private const string ById = "/{id:guid}";
    public static RouteGroupBuilder MapOrders(this RouteGroupBuilder group)
    {
        group.MapGet("/", GetAll).AllowAnonymous();
        group.MapGet(ById, (Guid id) => Results.Ok()).WithName("x");
        var admin = group.MapGroup("admin");
        admin.MapDelete($"{ById}/hard", Delete);
        return group;
    }
    static IResult GetAll() => Results.Ok();
    static IResult Delete(Guid id) => Results.Ok();
}"#,
            ),
            (
                "Endpoints/Users.cs",
                r#"namespace Shop.Endpoints;
public static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/users").WithTags("users");
        users.MapPost("", Create);
        users.MapSecured("/{name}", (string name) => name);
        users.AddEndpointFilter(async (context, next) => await next(context));
        var keys = users.MapGroup("/keys").AddEndpointFilter<KeyFilter>();
        keys.MapPut("/{key}", () => 1);
    }
    static RouteHandlerBuilder MapSecured(this IEndpointRouteBuilder routes, string pattern, Delegate handler)
        => routes.MapGet(pattern, handler).RequireAuthorization("policy");
    static IResult Create() => Results.Ok();
}
public class KeyFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (!context.HttpContext.Request.Headers.TryGetValue("X-Key", out var key)) return Results.Unauthorized();
        return await next(context);
    }
}
public static class Handlers
{
    public static IResult Multi() => Results.Ok();
    [Authorize] public static IResult Me() => Results.Ok();
}"#,
            ),
        ],
        routes: &[
            "GET / none",
            "GET /api/orders none",
            "GET /api/orders/{id} required",
            "DELETE /api/orders/admin/{id}/hard required",
            "POST /api/users none",
            "GET /api/users/{name} required",
            "PUT /api/users/keys/{key} required",
            "GET /multi none",
            "POST /multi none",
            "ANY /any none",
            "GET /secret required",
            "GET /me required",
        ],
    },
    Example {
        title: "endpoints found by an interface, behind a fallback policy",
        files: &[
            (
                "Api/Program.cs",
                r#"var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAuthorizationBuilder()
    .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
builder.Services.AddEndpoints(typeof(Program).Assembly);
WebApplication app = builder.Build();
RouteGroupBuilder versioned = app.MapGroup("v1");
app.MapEndpoints(versioned);
app.MapGroup("/feed").MapEndpoint<Feed>().MapEndpoint<Follow>();
app.MapHealthChecks("/health").AllowAnonymous();
await app.RunAsync();"#,
            ),
            (
                "Api/EndpointExtensions.cs",
                r#"public static class EndpointExtensions
{
    public static IApplicationBuilder MapEndpoints(this WebApplication app, RouteGroupBuilder? group = null)
    {
        IEnumerable<IEndpoint> endpoints = app.Services.GetRequiredService<IEnumerable<IEndpoint>>();
        IEndpointRouteBuilder builder = group is null ? app : group;
        foreach (IEndpoint endpoint in endpoints) { endpoint.MapEndpoint(builder); }
        return app;
    }
    public static IEndpointRouteBuilder MapEndpoint<TEndpoint>(this IEndpointRouteBuilder app) where TEndpoint : IStatic
    {
        TEndpoint.Map(app);
        return app;
    }
}
public interface IEndpoint { void MapEndpoint(IEndpointRouteBuilder app); }"#,
            ),
            (
                "Api/Users/Login.cs",
                r#"internal sealed class Login : IEndpoint
{
    public void MapEndpoint(IEndpointRouteBuilder app)
    {
        app.MapPost("users/login", async (Request request, ISender sender, CancellationToken token) =>
        {
            var result = await sender.Send(request, token);
            return result.Match(Results.Ok, CustomResults.Problem);
        }).WithTags(Tags.Users).AllowAnonymous();
    }
}
internal sealed class Me : IEndpoint
{
    public void MapEndpoint(IEndpointRouteBuilder app) => app.MapGet("users/me", () => 1).WithTags("x");
}"#,
            ),
            (
                "Api/Feed.cs",
                r#"public class Feed : IStatic { public static void Map(IEndpointRouteBuilder app) => app.MapGet("/", Handle); }
public class Follow : IStatic { public static void Map(IEndpointRouteBuilder app) => app.MapPost("/{id}", Handle); }"#,
            ),
        ],
        routes: &[
            "POST /v1/users/login none",
            "GET /v1/users/me required",
            "GET /feed required",
            "POST /feed/{id} required",
            "ANY /health none",
        ],
    },
    Example {
        title: "attributes of your own, filters and middleware",
        files: &[
            (
                "App/Startup.cs",
                r#"public class Startup
{
    public void ConfigureServices(IServiceCollection services)
    {
        services.AddControllers(options => options.Filters.Add<LogFilter>());
    }
    public void Configure(IApplicationBuilder app, IWebHostEnvironment env)
    {
        app.UseRouting();
        app.UseMiddleware<JwtMiddleware>();
        app.UseInternalKey();
        app.UseEndpoints(endpoints =>
        {
            endpoints.MapControllers();
            endpoints.MapGet("/internal/stats", async context => await context.Response.WriteAsync("x"));
            endpoints.MapGet("/up", async context => await context.Response.WriteAsync("x"));
        });
    }
}"#,
            ),
            (
                "App/Security.cs",
                r#"[AttributeUsage(AttributeTargets.Method)]
public class OpenAttribute : Attribute { }
public class SignedInAttribute : Attribute, IAuthorizationFilter
{
    public void OnAuthorization(AuthorizationFilterContext context)
    {
        var isOpen = context.ActionDescriptor.EndpointMetadata.OfType<OpenAttribute>().Any();
        if (isOpen) return;
        var user = (User)context.HttpContext.Items["User"];
        if (user == null)
            context.Result = new JsonResult(new { message = "no" }) { StatusCode = StatusCodes.Status401Unauthorized };
    }
}
public class JwtMiddleware
{
    public async Task Invoke(HttpContext context)
    {
        var token = context.Request.Headers["Authorization"].FirstOrDefault();
        if (token != null) context.Items["User"] = Find(token);
        await _next(context);
    }
}
public class LogFilter : IActionFilter { public void OnActionExecuting(ActionExecutingContext context) { } }
public class InternalKeyMiddleware
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/internal")) { await _next(context); return; }
        if (context.Request.Headers["X-Key"] != _key) { context.Response.StatusCode = 401; return; }
        await _next(context);
    }
}
public static class Extensions
{
    public static IApplicationBuilder UseInternalKey(this IApplicationBuilder app) => app.UseMiddleware<InternalKeyMiddleware>();
}
public class RoleAttribute : TypeFilterAttribute
{
    public RoleAttribute(string role) : base(typeof(RoleFilter)) { Arguments = new object[] { role }; }
}
public class RoleFilter : IAsyncAuthorizationFilter
{
    public Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        if (!context.HttpContext.User.IsInRole(_role)) context.Result = new ForbidResult(); 
        context.HttpContext.Response.StatusCode = 403;
        return Task.CompletedTask;
    }
}"#,
            ),
            (
                "App/UsersController.cs",
                r#"[SignedIn, ApiController, Route("[controller]")]
public class UsersController : ControllerBase
{
    [Open, HttpPost("authenticate")] public IActionResult Authenticate() => Ok();
    [HttpGet] public IActionResult All() => Ok();
}
[Route("reports")]
public class ReportsController : Controller
{
    [HttpGet("open")] public IActionResult Open() => Ok();
    [Role("x"), HttpGet("closed")] public IActionResult Closed() => Ok();
}"#,
            ),
        ],
        routes: &[
            "GET /internal/stats required",
            "GET /up none",
            "POST /Users/authenticate none",
            "GET /Users required",
            "GET /reports/open none",
            "GET /reports/closed required",
        ],
    },
    Example {
        title: "conventional routes, areas and a guard on all controllers",
        files: &[
            (
                "Program.cs",
                r#"var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
app.MapControllerRoute(name: "areas", pattern: "{area:exists}/{controller=Home}/{action=Index}/{id?}");
app.MapControllerRoute(name: "default", pattern: "{controller=Home}/{action=Index}/{id?}").RequireAuthorization();
app.Run();"#,
            ),
            (
                "Controllers.cs",
                r#"public class HomeController : Controller
{
    public IActionResult Index() => View();
    [AllowAnonymous] public IActionResult About() => View();
}
[Area("Admin")]
public class UsersController : Controller
{
    [HttpPost] public IActionResult Remove(int id) => View();
}"#,
            ),
        ],
        routes: &[
            "ANY / required",
            "ANY /Home/About none",
            "POST /Admin/Users/Remove/{id} required",
        ],
    },
    Example {
        title: "modules of Carter and classes of FastEndpoints",
        files: &[
            (
                "Program.cs",
                r#"var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
app.UseFastEndpoints(config => { config.Endpoints.RoutePrefix = "fast"; });
app.MapGroup("/carter").MapCarter();
app.Run();"#,
            ),
            (
                "Modules.cs",
                r#"public class BookModule : CarterModule
{
    public BookModule() : base("/books") { RequireAuthorization(); }
    public override void AddRoutes(IEndpointRouteBuilder app)
    {
        app.MapGet("/", () => 1).AllowAnonymous();
        app.MapPost("/", () => 1);
    }
}
public class PenModule : ICarterModule
{
    public void AddRoutes(IEndpointRouteBuilder app) { app.MapGet("/pens", () => 1); }
}"#,
            ),
            (
                "Fast.cs",
                r#"public class Admins : Group { public Admins() { Configure("admins", ep => { ep.Description(x => x); }); } }
public class CreateUser : Endpoint<Request, Response>
{
    public override void Configure() { Post("/users", "/people"); AllowAnonymous(); }
}
public class RemoveUser : EndpointWithoutRequest
{
    public override void Configure() { Delete("/users/{id}"); Group<Admins>(); Roles("Admin"); }
}"#,
            ),
        ],
        routes: &[
            "GET /carter/books none",
            "POST /carter/books required",
            "GET /carter/pens none",
            "POST /fast/users none",
            "POST /fast/people none",
            "DELETE /fast/admins/users/{id} required",
        ],
    },
    example_groups::GROUPS,
    example_groups::SERVICES,
    Example {
        title: "clients and helpers are no routes",
        files: &[(
            "Clients.cs",
            r#"public interface IUsers { [Get("/users/{id}")] Task<User> Get(int id); }
public class Caller
{
    public async Task Call(HttpClient client)
    {
        await client.GetAsync("/x");
        mapper.Map("/a", target);
        cache.MapGet("/b", () => 1);
        // app.MapGet("/c", () => 1);
    }
}"#,
        )],
        routes: &[],
    },
];
