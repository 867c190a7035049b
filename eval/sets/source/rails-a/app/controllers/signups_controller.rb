class SignupsController < ApplicationController
  open_to_visitors

  def new
    @user = User.new
  end

  def create
    @user = User.new(params.require(:user).permit(:email, :password))
    @user.save ? redirect_to(root_path) : render(:new, status: :unprocessable_entity)
  end
end
