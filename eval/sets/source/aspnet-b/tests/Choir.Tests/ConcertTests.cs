using Microsoft.AspNetCore.Mvc.Testing;
using Xunit;

namespace Choir.Tests;

public class ConcertTests : IClassFixture<WebApplicationFactory<Program>>
{
    private readonly HttpClient _client;

    public ConcertTests(WebApplicationFactory<Program> factory) => _client = factory.CreateClient();

    [Fact]
    public async Task ConcertsAreOpen()
    {
        var res = await _client.GetAsync("/api/concerts");
        res.EnsureSuccessStatusCode();
        var other = await _client.DeleteAsync("/api/concerts/1/nothing");
        Assert.False(other.IsSuccessStatusCode);
    }
}
