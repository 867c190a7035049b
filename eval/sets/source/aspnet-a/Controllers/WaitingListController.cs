using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Garden.Api.Controllers;

[ApiController]
[Route("api/waiting-list")]
public class WaitingListController : ControllerBase
{
    [HttpPost]
    public IActionResult Join([FromBody] string email) => Accepted();

    [Authorize("Committee")]
    [HttpGet("")]
    public IActionResult List() => Ok(Array.Empty<string>());

    [HttpGet("{ticket:guid}/position")]
    public IActionResult Position(Guid ticket) => Ok(1);

    [Authorize]
    [AcceptVerbs("PUT", "PATCH")]
    [Route("{ticket:guid}")]
    public IActionResult Change(Guid ticket) => NoContent();
}
