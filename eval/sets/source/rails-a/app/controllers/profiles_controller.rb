class ProfilesController < ApplicationController
  def show; end

  def edit; end

  def update
    current_user.update!(params.require(:user).permit(:name))
    redirect_to profile_path
  end
end
