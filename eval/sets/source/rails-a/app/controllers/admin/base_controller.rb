class Admin::BaseController < ApplicationController
  before_action :needs_staff

  private

  def needs_staff
    head :forbidden unless current_user.staff?
  end
end
