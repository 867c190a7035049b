require "test_helper"

class WalksControllerTest < ActionDispatch::IntegrationTest
  test "index is open" do
    get "/walks"
    assert_response :success
  end

  test "new needs login" do
    get "/walks/new"
    assert_redirected_to "/session/new"
    delete "/walks/all"
    assert_response :redirect
  end
end
