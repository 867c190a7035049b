class CommentsController < ApplicationController
  def create
    walk = Walk.find(params[:walk_id])
    walk.comments.create!(text: params[:text], user: current_user)
    redirect_to walk
  end

  def destroy
    comment = current_user.comments.find(params[:id])
    comment.destroy
    redirect_to comment.walk
  end
end
