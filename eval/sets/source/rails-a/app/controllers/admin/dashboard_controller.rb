class Admin::DashboardController < Admin::BaseController
  def index
    @counts = { users: User.count, walks: Walk.count }
  end
end
